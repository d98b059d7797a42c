"""The zoo over HTTP: a REST interface, a web page and live video, on Ray Serve.

:mod:`.server` starts and stops it; :mod:`.application` says which deployments there are;
:mod:`.api` is what clients see, and knows nothing of Ray.
"""
