"""Promotion: the quality gate between candidate and champion."""
