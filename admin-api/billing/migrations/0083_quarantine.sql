-- Whom somebody called is asked when his calls cease to count, or count again (A28).

create index non_target_call_by_caller on non_target_call (caller, did_number) where caller <> '';
create index ignored_caller_by_time on ignored_caller (created_at, id);
