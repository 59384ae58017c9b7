-- Shows whether a row can be stored at all: inserts one, with the rights that storing needs, and rolls it back.
-- id: uuid.
BEGIN;
INSERT INTO public.dummies (id, text, received_at) VALUES (%(id)s, 'probe', now()) ON CONFLICT (id) DO NOTHING;
ROLLBACK
