-- Shows whether a row can be stored at all: inserts one and rolls it back.
-- id: uuid.
BEGIN;
INSERT INTO public.dummies (id, text, received_at) VALUES (%(id)s, 'probe', now());
ROLLBACK
