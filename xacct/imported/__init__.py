"""Configurations of other tools as AWS profiles: s3cmd, euca2ools, and the shell file of Eucalyptus; pure."""
