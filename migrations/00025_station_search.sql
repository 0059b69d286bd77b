-- +goose Up
-- Names and addresses as they are searched: one width, one case. To fold them for every question costs ten times what the search does.
ALTER TABLE station
    ADD folded_name text GENERATED ALWAYS AS (lower(normalize(name, NFKC))) STORED,
    ADD folded_address text GENERATED ALWAYS AS (lower(normalize(address, NFKC))) STORED;

-- +goose Down
ALTER TABLE station DROP folded_name, DROP folded_address;
