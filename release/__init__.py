"""The release, declared with Pulumi: which images run in QA, in production and as event handler, and nothing else.

The platform never holds a release, and this program changes nothing of the platform: it reads its outputs.
"""
