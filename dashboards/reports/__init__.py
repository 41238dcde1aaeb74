"""Reports that leave Keel: the portfolio as CSV and as a workbook."""
