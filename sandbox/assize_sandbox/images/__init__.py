"""The sandbox image: the root file system that every guest sees, built on this host.

A base (Python and what it needs, from a local Docker image or from Debian's packages) and, in
/opt/assize, the guest programs and the analysers of this very installation. Building needs root;
nothing is fetched but by the host's own apt.
"""
