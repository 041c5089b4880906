"""What a file holds as plain text: unpacked, and of a spreadsheet sheet by sheet."""
