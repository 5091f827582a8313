"""NOTICE, do not commit: the uncommitted file that stood here (created 18:48:59) was overwritten by mistake at 18:51
by the author of telephony/sip while adding a fixture of the same name, and could not be recovered. Please write it
again over this notice. The SIP room's own fixture is now tests/fakes/sip_hotline.py and will not touch this path."""
