-- oldest application: 0.1.0
-- One row a turn, under its seq: the words of app.threads.words and two that say whose it is. Words are split
-- before they come here, so the tokenizer only splits at spaces.
CREATE VIRTUAL TABLE turn_words USING fts5 (
    words, detail = none, columnsize = 0, tokenize = "ascii tokenchars '_:'"
);

-- What sweeps still have to do, by name.
CREATE TABLE chores (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
