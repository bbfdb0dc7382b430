"""The rig that breaks real nodes on purpose and checks what they promised: see docs/reliability.md."""
