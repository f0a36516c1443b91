CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, quantity INTEGER);
INSERT INTO items VALUES (1, 'apple', 12), (2, 'pear', 0), (3, 'quince', 0), (4, 'plum', 7);
