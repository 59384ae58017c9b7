-- The columns of the table that one of its constraints or unique indexes covers.
-- name: the constraint or the index, as an error names it.
SELECT DISTINCT attname::text
FROM pg_depend
JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
WHERE refobjid = 'public.dummies'::regclass AND (
    (classid = 'pg_constraint'::regclass
        AND objid IN (SELECT oid FROM pg_constraint WHERE conrelid = refobjid AND conname = %(name)s))
    OR (classid = 'pg_class'::regclass
        AND objid IN (SELECT indexrelid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                      WHERE indrelid = refobjid AND relname = %(name)s))
)
