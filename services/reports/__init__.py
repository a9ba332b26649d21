"""The bulletin as a table, JSON, a workbook, a page and a PDF."""
