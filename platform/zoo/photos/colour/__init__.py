"""Colours: profiles, CICP code points, colour spaces, tone mapping."""
