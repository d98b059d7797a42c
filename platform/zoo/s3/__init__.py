"""Objects in S3, or in any store that speaks its protocol.

Endpoint, region and credentials come from AWS's standard settings: ``AWS_ENDPOINT_URL``,
``AWS_DEFAULT_REGION``, ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE`` and the rest, or ``~/.aws``. boto3 is
imported when an address is really used, and nowhere else in the package.
"""
