-- When suspense is an alarm.

insert into setting (key, value, description) values
    ('suspense.alarm_percent', '20', 'Share of the legs of a source in suspense within five minutes that is an alarm');
