"""The money-trail workbook: import and export."""
