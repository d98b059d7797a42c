"""The zoo over HTTP: a REST interface, a web page and live video, on Ray Serve.

:mod:`.server` starts and stops it; :mod:`.application` says which deployments there are, and
:mod:`.gateway` asks them; :mod:`.listener` accepts connections; :mod:`.api` is the HTTP interface,
independent of Ray.
"""
