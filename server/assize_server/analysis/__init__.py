"""Static analysis of submitted source, carried out in a container; see docs/analysis.md."""

from assize_server.analysis.analyser import Analyser

__all__ = ["Analyser"]
