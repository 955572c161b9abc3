"""Arrow 6: plans, facts and the matrix as text, documents, files and pages. Pure."""
