"""What is doubtful in what was heard, told from what was heard before: mostly pure."""
