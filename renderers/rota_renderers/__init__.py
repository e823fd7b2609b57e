"""Render trees to HTML, browser nodes and terminal text. Knows only trees and the catalog."""
