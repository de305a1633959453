CREATE OR REPLACE TEMPORARY TABLE {staged_rows} (
    ACTION VARCHAR, -- upsert or remove
    CHANGE VARCHAR, -- what the change log says of it, if anything
    {staged|% VARCHAR},
    {before|% VARCHAR}
)
