"""The money-trail workbook, in and out."""
