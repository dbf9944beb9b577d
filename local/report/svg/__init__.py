"""Drawings as SVG text: no library, no script; colours are classes that the page's style sheet names."""
