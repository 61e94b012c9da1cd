"""What people type: the command line and the reports it prints."""
