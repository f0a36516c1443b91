"""What an agent wrote to tidy up a shop: it deletes a file and two rows."""

import sqlite3
from pathlib import Path

Path("old-prices.csv").unlink()
with sqlite3.connect("stock.db") as connection:
    gone = connection.execute("DELETE FROM items WHERE quantity = 0").rowcount
connection.close()
print(f"removed {gone} rows")
