-- +goose Up
-- An entry of the whistle catalogue. The rows come from data/items.json.
CREATE TABLE item (
    code           text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    field          text NOT NULL CHECK (field <> ''),
    field_en       text NOT NULL CHECK (field_en <> ''),
    name           text NOT NULL CHECK (name <> ''),
    name_en        text NOT NULL CHECK (name_en <> ''),
    tier           text NOT NULL CHECK (tier IN ('civil', 'enforcement', 'hard')),  -- 文明哨, 执法哨, 攻坚哨
    lead           text NOT NULL CHECK (lead <> ''),
    assist         text[] NOT NULL DEFAULT '{}',
    urgency        text NOT NULL CHECK (urgency IN ('emergency', 'urgent', 'normal')),
    difficulty     text NOT NULL CHECK (difficulty IN ('emergency', 'simple', 'normal', 'hard')),
    legal_basis    text NOT NULL DEFAULT ''
);

-- +goose Down
DROP TABLE item;
