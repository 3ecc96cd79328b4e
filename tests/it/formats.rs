//! Every format that a switch writes, from its bytes to the charge: `cdr-ingest rate` and, for mappings, the database.

use std::sync::Arc;

use billing::hot_path::read_snapshot;
use cdr_ingest::operator_dir;
use serde_json::{Value, json};
use tests::{World, record};

use crate::offline::rate;

/// A source of each format, in Moscow; `own` has lines of a format of its own.
const SOURCES: &[&str] = &[
    "source,format,zone,rules,account_by,account_field",
    "fs,freeswitch,UTC,+> 8>7 7>7,,",
    "fs-event,freeswitch_event,UTC,+> 8>7 7>7,,",
    "fs-csv,freeswitch_csv,Europe/Moscow,+> 8>7 7>7,,",
    "ast,asterisk,Europe/Moscow,+> 8>7 7>7,,",
    "ast-json,asterisk_json,Europe/Moscow,+> 8>7 7>7,,peeraccount",
    "kam,kamailio,UTC,+> 8>7 7>7,,",
    "osips,opensips,UTC,+> 8>7 7>7,number,",
    "cisco,cucm,UTC,+> 8>7 7>7,trunk number,",
    "own,mapped,Europe/Moscow,+> 8>7 7>7,,",
];

const MAPPINGS: &[&str] = &[
    "source,field,from,as,values,otherwise,value",
    "own,shape,,,,,csv",
    "own,separator,,,,,;",
    "own,header,,,,,id;start;caller;called;talked;result",
    "own,cdr_id,id,,,,",
    "own,src,3,,,,",
    "own,dst,called,,,,",
    "own,service,,,,,outgoing",
    "own,setup_at,start,%d.%m.%Y %H:%M:%S,,,",
    "own,billable,talked,h:m:s,,,",
    "own,disposition,result,,OK>answered; BUSY>busy,failed,",
];

/// One call of 60 s from 74950000001, a number of `a1`, to 74951112233, as each switch writes it; then an attempt that met a busy line.
const CALLS: &[(&str, &str)] = &[
    (
        "fs",
        r#"{"variables":{"uuid":"1","direction":"inbound","start_uepoch":"1793527200000000","answer_uepoch":"1793527205000000","end_uepoch":"1793527265000000","billmsec":"60000","hangup_cause":"NORMAL_CLEARING"},"callflow":[{"caller_profile":{"caller_id_number":"%2B74950000001","destination_number":"84951112233"}}]}"#,
    ),
    (
        "fs",
        r#"{"variables":{"uuid":"2","direction":"inbound","start_uepoch":"1793527200000000","answer_uepoch":"0","end_uepoch":"1793527209000000","billmsec":"0","hangup_cause":"USER_BUSY"},"callflow":[{"caller_profile":{"caller_id_number":"%2B74950000001","destination_number":"84951112233"}}]}"#,
    ),
    (
        "fs-event",
        r#"{"Event-Name":"CHANNEL_HANGUP_COMPLETE","Unique-ID":"1","Call-Direction":"inbound","Caller-Caller-ID-Number":"84950000001","Caller-Destination-Number":"84951112233","variable_start_uepoch":"1793527200000000","variable_answer_uepoch":"1793527205000000","variable_end_uepoch":"1793527265000000","variable_billmsec":"60000","Hangup-Cause":"NORMAL_CLEARING"}"#,
    ),
    (
        "fs-event",
        r#"{"Event-Name":"CHANNEL_HANGUP_COMPLETE","Unique-ID":"2","Call-Direction":"inbound","Caller-Caller-ID-Number":"84950000001","Caller-Destination-Number":"84951112233","variable_start_uepoch":"1793527200000000","variable_answer_uepoch":"0","variable_end_uepoch":"1793527209000000","variable_billmsec":"0","Hangup-Cause":"USER_BUSY"}"#,
    ),
    (
        "fs-csv",
        r#""Anna","84950000001","84951112233","default","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05","65","60","NORMAL_CLEARING","3f0c1f5e-0000-4000-8000-000000000001","","","PCMA","PCMA""#,
    ),
    (
        "fs-csv",
        r#""Anna","84950000001","84951112233","default","2026-11-01 13:00:00","","2026-11-01 13:00:09","9","0","USER_BUSY","3f0c1f5e-0000-4000-8000-000000000002","","","PCMA","PCMA""#,
    ),
    (
        "ast",
        r#""a1","84950000001","84951112233","out","x","SIP/pbx-1","SIP/mts-1-2","Dial","x","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05",65,60,"ANSWERED","DOCUMENTATION","1.1","""#,
    ),
    (
        "ast",
        r#""a1","84950000001","84951112233","out","x","SIP/pbx-1","SIP/mts-1-2","Dial","x","2026-11-01 13:00:00","","2026-11-01 13:00:09",9,0,"BUSY","DOCUMENTATION","1.2","""#,
    ),
    (
        "ast-json",
        r#"{"clid":"\"Anna\" <8495>","src":"84950000009","dst":"84951112233","dcontext":"out","start":"2026-11-01 13:00:00","answer":"2026-11-01 13:00:05","end":"2026-11-01 13:01:05","duration":65,"billsec":60,"disposition":"ANSWERED","accountcode":"nobody","peeraccount":"a1","uniqueid":"1.1","sequence":3}"#,
    ),
    (
        "ast-json",
        r#"{"src":"84950000009","dst":"84951112233","dcontext":"out","start":"2026-11-01 13:00:00","answer":"","end":"2026-11-01 13:00:09","duration":9,"billsec":0,"disposition":"BUSY","accountcode":"nobody","peeraccount":"a1","uniqueid":"1.1","sequence":4}"#,
    ),
    (
        "kam",
        r#"{"start_time":"1793527205.000731","end_time":"1793527265.000912","duration":"60.000181","callid":"k","from_tag":"f","to_tag":"1","sip_code":"200","src_user":"84950000001","dst_user":"84951112233"}"#,
    ),
    (
        "kam",
        r#"{"start_time":"1793527205.000731","end_time":"1793527205.000731","duration":"0","callid":"k","from_tag":"f","to_tag":"2","sip_code":"486","src_user":"84950000001","dst_user":"84951112233"}"#,
    ),
    // The account that it names is not asked for.
    (
        "osips",
        r#"{"jsonrpc":"2.0","method":"E_ACC_CDR","params":{"callid":"o","from_tag":"f","to_tag":"1","sip_code":"200","time":1793527205,"account":"nobody","src_user":"sip:84950000001@pbx","dst_user":"84951112233","duration":60,"ms_duration":60000,"setuptime":5,"created":1793527200}}"#,
    ),
    (
        "osips",
        r#"{"jsonrpc":"2.0","method":"E_ACC_MISSED_EVENT","params":{"callid":"o","from_tag":"f","to_tag":"2","sip_code":"486","time":1793527209,"account":"nobody","src_user":"84950000001","dst_user":"84951112233","setuptime":9,"created":1793527200}}"#,
    ),
    (
        "cisco",
        r#"1,2,4711,1,1793527200,2,0,0,"84950000001","",0,16,4,0,0,4,20,0,0,0,0,0,0,"","",2,2,0,0,"84951112233","84951112233","",0,0,4,0,0,4,20,0,0,0,0,0,0,"","",1793527205,1793527265,"","0b1f0c1f-0000-4000-8000-000000000001","","","","",60,"SEP1","mts-1",0,0,0,0,0,0,0,"c""#,
    ),
    (
        "cisco",
        r#"1,2,4712,1,1793527200,2,0,0,"84950000001","",0,0,4,0,0,4,20,0,0,0,0,0,0,"","",2,2,0,0,"84951112233","84951112233","",0,17,4,0,0,4,20,0,0,0,0,0,0,"","",0,1793527209,"","0b1f0c1f-0000-4000-8000-000000000002","","","","",0,"SEP1","mts-1",0,0,0,0,0,0,0,"c""#,
    ),
    ("own", "1;01.11.2026 13:00:00;84950000001;84951112233;00:01:00;OK"),
    ("own", "2;01.11.2026 13:00:00;84950000001;84951112233;00:00:00;BUSY"),
];

fn write(directory: &std::path::Path, name: &str, lines: &[&str]) {
    std::fs::write(directory.join(name), lines.join("\n") + "\n").unwrap();
}

/// The call costs 0.60 (60 s at 0.60 a minute) whatever switch reports it, without a word who sent it; the attempt costs nothing.
#[test]
fn every_format_is_rated() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    write(directory.path(), "sources.csv", SOURCES);
    write(directory.path(), "mappings.csv", MAPPINGS);
    let records: Vec<&str> = CALLS.iter().map(|(_, record)| *record).collect();
    let (legs, errors, success) = rate(directory.path(), &["--now", "2026-11-02T00:00:00Z"], &records.join("\n"));
    assert!(success && legs.len() == CALLS.len(), "{errors}");
    for (index, (leg, (source, _))) in legs.iter().zip(CALLS).enumerate() {
        let (amount, billed) = if index % 2 == 0 { ("0.6000", 60) } else { ("0.0000", 0) };
        assert_eq!(leg["outcome"], "rated", "{source}: {leg}");
        assert_eq!((leg["amount"].as_str(), leg["billed_s"].as_i64()), (Some(amount), Some(billed)), "{source}: {leg}");
        assert_eq!((leg["account"].as_str(), leg["prefix"].as_str()), (Some("a1"), Some("7")), "{source}: {leg}");
    }
}

/// What stands between the records of a switch is refused with its name and a remedy.
#[test]
fn what_is_no_call_record_says_so() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    write(directory.path(), "sources.csv", SOURCES);
    write(directory.path(), "mappings.csv", MAPPINGS);
    let header = format!("\"cdrRecordType\"{}", ",\"x\"".repeat(128));
    let records = [
        (r#"{"time":1,"method":"BYE","from_tag":"f","to_tag":"1","callid":"k","sip_code":"200"}"#, "cdr_enable"),
        (r#"{"Event-Name":"CHANNEL_CREATE","Unique-ID":"1"}"#, "stream CHANNEL_HANGUP_COMPLETE only"),
        (r#"{"jsonrpc":"2.0","method":"E_ACC_EVENT","params":{}}"#, "subscribe to E_ACC_CDR"),
        (&*header, "leave the first two lines of a file out"),
        ("id;start;caller;called;talked;result", "this is the header line, not a record"),
        ("3;yesterday;84950000001;84951112233;00:01:00;OK", "setup_at `yesterday` is not a time"),
    ];
    let input: Vec<&str> = records.iter().map(|(record, _)| *record).collect();
    let (legs, _, _) = rate(directory.path(), &["--now", "2026-11-02T00:00:00Z"], &input.join("\n"));
    for (leg, (record, says)) in legs.iter().zip(records) {
        let said = leg["detail"].as_str().unwrap_or_default();
        assert!(leg["code"] == "UNDECODABLE" && said.contains(says), "{record}: {leg}");
    }
}

#[test]
fn what_is_wrong_with_sources_and_mappings_is_named() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    write(
        directory.path(),
        "sources.csv",
        &[
            "source,format,account_by,account_field",
            "one,mapped,,",
            "two,canonical,code did,",
            "three,asterisk,,peeraccount",
            "four,mapped,,",
        ],
    );
    write(
        directory.path(),
        "mappings.csv",
        &[
            "source,field,from,as,values,otherwise,value",
            "four,shape,,,,,json",
            "four,dst,number,,,,",
            "four,setup_at,/at,%H:%M,,,",
            "four,service,/kind,,MOC>smoke,,",
            "four,disposition,/result,,OK,,",
            "four,dst,/b,,,,",
            "five,shape,,,,,json",
        ],
    );
    let (_, errors, success) = rate(directory.path(), &[], "");
    assert!(!success);
    for expected in [
        "sources.csv, line 2, column format: a source of this format needs rows in mappings.csv",
        "sources.csv, line 3, column account_by: `did` is not one of code, trunk, number",
        "sources.csv, line 4, column account_field: records of format asterisk have no `peeraccount` for this; it is one of accountcode, userfield, dcontext",
        "mappings.csv, line 4, column field: setup_at: `%H:%M` does not fit; it is one of: rfc3339",
        "mappings.csv, line 5, column field: service: `smoke` does not fit; it is one of: outgoing",
        "mappings.csv, line 6, column values: `OK` is not of the form OK>answered",
        "mappings.csv, line 7, column field: `dst` stands twice, first in line 3",
        "mappings.csv, line 2, column field: billable: none of billable, end_at and quantity is there",
        "mappings.csv, line 8, column source: `five` is not in sources.csv with the format mapped",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
}

/// What names the account is asked in the order of the source, and what is left out is not asked: order | what the record has | who pays
#[test]
fn accounts_are_named_in_the_order_of_the_source() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    write(
        directory.path(),
        "accounts.csv",
        &["account,plan,client,trunks", "a1,basic,c1,", "a2,basic,c2,", "a3,basic,c2,pbx", "a4,bundled,c3,"],
    );
    // The number is of `a1`, the code `a2`, the trunk of `a3`.
    let all = json!({"account": "a2", "trunk_in": "pbx"});
    let forwarded = json!({"account": "a2", "service": "forwarded", "ext": {"forwarded_from": "74950000001"}});
    for (order, change, payer) in [
        ("code trunk number", all.clone(), Some("a2")),
        ("trunk number code", all.clone(), Some("a3")),
        ("number trunk", all.clone(), Some("a1")),
        ("trunk number", json!({"account": "a2"}), Some("a1")),
        ("trunk", json!({"account": "a2"}), None),
        ("number", json!({"account": "a2", "src": "74999999999", "trunk_in": "pbx"}), None),
        ("code number", forwarded.clone(), Some("a2")),
        ("number code", forwarded.clone(), Some("a1")),
        ("trunk", forwarded, None),
    ] {
        write(directory.path(), "sources.csv", &["source,format,account_by", &format!("sbc,canonical,{order}")]);
        let (legs, errors, _) = rate(directory.path(), &[], &record("c", change).to_string());
        assert_eq!(legs.len(), 1, "{errors}");
        assert_eq!(legs[0]["account"].as_str(), payer, "{order}: {}", legs[0]);
        let code = if payer.is_some() { Value::Null } else { Value::from("UNKNOWN_SUBSCRIBER") };
        assert_eq!(legs[0]["code"], code, "{order}");
    }
}

/// What was loaded is what a reader of the database gets, the mapping as it was written.
#[tokio::test(flavor = "multi_thread")]
async fn sources_come_back_from_the_database() {
    let world = World::with_operator(1, |directory| {
        write(directory, "sources.csv", SOURCES);
        write(directory, "mappings.csv", MAPPINGS);
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    write(directory.path(), "sources.csv", SOURCES);
    write(directory.path(), "mappings.csv", MAPPINGS);
    let written = operator_dir::read(directory.path()).unwrap().operator.rows.sources;
    let snapshot = read_snapshot(&world.store, operator_dir::world_plan(), None).await.unwrap();
    assert_eq!(snapshot.sources().len(), written.len());
    for (read, written) in snapshot.sources().iter().zip(&written) {
        assert_eq!((&read.code, &read.format, &read.identify), (&written.code, &written.format, &written.identify));
        assert_eq!(read.mapping.as_ref().map(Arc::as_ref), written.mapping.as_ref().map(Arc::as_ref));
    }
    let text = serde_json::to_value(written.last().unwrap().mapping.as_ref().unwrap().text()).unwrap();
    assert_eq!(text["fields"]["service"], json!({"value": "outgoing"}));
    assert_eq!(text["separator"], Value::from(";"));
    world.drop().await;
}
