"""What a program computes and which rules it must keep: program order, without a clock."""
