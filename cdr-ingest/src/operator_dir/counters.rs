//! `volumes.csv`, `destination_groups.csv`, `bundles.csv`.

use numbering::parse_mask;
use rating::Service;
use rating::counter::Period;
use rating::rows::{BundleRow, CounterId, DestinationGroupRow, VolumeRow};

use super::Reading;
use super::table::{RowReader, read_table};
use super::tariffs::PREFIX;

const PERIOD: &str = "one of day, week, month";

/// The next identifier of a counter: volumes and bundles share them.
fn next_id(reading: &Reading<'_>) -> CounterId {
    let rows = &reading.operator.rows;
    CounterId((rows.volumes.len() + rows.bundles.len()) as u32 + 1)
}

pub(super) fn read_volumes(reading: &mut Reading<'_>) {
    let columns = [("list", true), ("volume", true), ("period", false)];
    read_table(reading, "volumes.csv", false, &columns, |reading, row| {
        let list = row.must_refer("list", "lists.csv", &reading.names.lists);
        let code = row.required("volume");
        let period = row.parse("period", PERIOD).unwrap_or(Period::Month);
        let Some(list) = list else { return };
        let index = reading.operator.rows.volumes.len() as u32;
        if reading.names.volumes.insert((list, code.clone()), index).is_some() {
            row.problem("volume", format!("volume `{code}` of this list stands twice"));
        }
        let id = next_id(reading);
        reading.operator.rows.volumes.push(VolumeRow { id, list, code, period });
        reading.came_from("volumes.csv", row.line);
    });
}

pub(super) fn read_destination_groups(reading: &mut Reading<'_>) {
    let columns = [("group", true), ("prefix", true)];
    read_table(reading, "destination_groups.csv", false, &columns, |reading, row| {
        let code = row.required("group");
        let prefix = row.must_read("prefix", PREFIX, parse_mask);
        let groups = &mut reading.operator.rows.destination_groups;
        let index = *reading.names.destination_groups.entry(code.clone()).or_insert_with(|| {
            groups.push(DestinationGroupRow { code, prefixes: Vec::new() });
            groups.len() as u32 - 1
        });
        let Some(prefix) = prefix else { return };
        let prefixes = &mut groups[index as usize].prefixes;
        if prefixes.contains(&prefix) {
            row.problem("prefix", format!("prefix {prefix:?} of this group stands twice"));
        }
        prefixes.push(prefix);
    });
}

pub(super) fn read_bundles(reading: &mut Reading<'_>) {
    let columns = [
        ("plan", true),
        ("bundle", true),
        ("units", true),
        ("period", false),
        ("keep", false),
        ("priority", false),
        ("services", false),
        ("destinations", false),
        ("connect_fee", false),
        ("from", false),
        ("to", false),
    ];
    read_table(reading, "bundles.csv", false, &columns, |reading, row| {
        let plan = row.must_refer("plan", "plans.csv", &reading.names.plans);
        let code = row.required("bundle");
        let wanted = "a whole number of seconds or pieces, 1 to 9223372036854775807";
        let units = row.must_read("units", wanted, |text| text.parse::<i64>().ok().filter(|units| *units > 0));
        let period = row.parse("period", PERIOD).unwrap_or(Period::Month);
        let keeps = row.read("keep", "for how many further periods unused units can be used, 0 to 36", |text| {
            text.parse::<u16>().ok().filter(|keeps| *keeps <= 36)
        });
        let priority = row.read("priority", "a whole number of 1 to 9999, the lowest is used first", |text| {
            text.parse::<u16>().ok().filter(|priority| (1..=9999).contains(priority))
        });
        let services = services(row);
        let destinations = row.reference("destinations", "destination_groups.csv", &reading.names.destination_groups);
        let waives_connect_fee = row.word("connect_fee", &["charged", "waived"], "charged") == "waived";
        let validity = row.validity();
        let (Some(plan), Some(units)) = (plan, units) else { return };
        let id = next_id(reading);
        reading.operator.rows.bundles.push(BundleRow {
            id,
            plan,
            code,
            priority: priority.unwrap_or(1),
            units: units as u64,
            period,
            keeps: keeps.unwrap_or(0),
            waives_connect_fee,
            services: services.unwrap_or_default(),
            destinations,
            validity,
        });
        reading.came_from("bundles.csv", row.line);
    });
}

fn services(row: &mut RowReader<'_>) -> Option<Vec<Service>> {
    let known: Vec<&str> = Service::ALL.iter().map(|service| service.as_str()).collect();
    let wanted = format!("services separated by blanks, each one of {}", known.join(", "));
    row.read("services", &wanted, |text| text.split_ascii_whitespace().map(|word| word.parse().ok()).collect())
}
