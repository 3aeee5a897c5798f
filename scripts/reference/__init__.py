"""The tables of docs/, written from the code: `make reference`."""
