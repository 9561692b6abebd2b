//! The registry that the logs are anchored at, and those that they were anchored at before.
//!
//! The first is the row `registry` of `meta`. It decides where anchors are posted, and all
//! of them decide what proofs name, so they have a mac together under the leaf key
//! (docs/storage-format.md, "Rows of meta").

use crate::{
    Access, Error, KeysShown, LogRowId, Taken, Tx,
    access::Writes as _,
    column,
    log::leaf_keys::MetaRow,
    schema::{former_registry, meta},
};
use diesel::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, RunQueryDsl};
use std::{fmt, str::FromStr};

/// The row of `meta`.
const REGISTRY: &str = "registry";

/// A registry contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registry {
    /// The chain.
    pub chain_id: u64,
    /// The contract.
    pub address: [u8; 20],
}

/// `<chain id>:0x<40 hex digits>`.
impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:0x", self.chain_id)?;
        let mut bytes = self.address.iter();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Registry {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (chain_id, digits) = text.split_once(":0x")?;
            let mut address = [0; 20];
            if !digits.is_ascii() || digits.len() != 40 {
                return None;
            }
            for (index, byte) in address.iter_mut().enumerate() {
                let pair = digits.get(2 * index..2 * index + 2)?;
                *byte = u8::from_str_radix(pair, 16).ok()?;
            }
            let chain_id = chain_id.parse().ok()?;
            Some(Self { chain_id, address })
        };
        read().ok_or(Error::Corrupt("registry"))
    }
}

/// A registry that a log was anchored at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormerRegistry {
    /// The last anchor there, by its number in the table `anchor`.
    pub last_seq: u64,
    /// The registry.
    pub registry: Registry,
}

/// The registries, of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySet {
    /// That of today, once there is one.
    pub now: Option<Registry>,
    /// Those of before, each with its log, the first first.
    pub former: Vec<(LogRowId, FormerRegistry)>,
    by: KeysShown,
}

impl RegistrySet {
    const NONE: Self = Self {
        now: None,
        former: Vec::new(),
        by: KeysShown::Newest,
    };

    /// What shows that they are this installation's.
    #[must_use]
    pub const fn by(&self) -> KeysShown {
        self.by
    }

    /// The same, once something shows them.
    ///
    /// # Errors
    /// When nothing does.
    pub fn shown(self) -> Result<Self, Error> {
        match self.by {
            KeysShown::Newest | KeysShown::Older => Ok(self),
            KeysShown::Never | KeysShown::Wrong => Err(Error::Registry),
            KeysShown::Unknown => Err(Error::NoLeafKey),
        }
    }

    /// Those of before of a log, the first first.
    pub fn of(&self, log: LogRowId) -> impl Iterator<Item = &FormerRegistry> {
        let of_log = self.former.iter().filter(move |(id, _)| *id == log);
        of_log.map(|(_, former)| former)
    }

    /// The number of a log's last anchor at the registries of before; 0 where there was none.
    #[must_use]
    pub fn last_seq(&self, log: LogRowId) -> u64 {
        self.of(log).last().map_or(0, |former| former.last_seq)
    }
}

/// The view of registries.
pub struct Registries<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (i32, i64, i64, Vec<u8>);
/// The row of `meta`, and one of `former_registry` if there is any.
type Joined = (String, Option<Vec<u8>>, Option<Row>);

fn read((log, last_seq, chain_id, address): Row) -> Result<(LogRowId, FormerRegistry), Error> {
    let registry = Registry {
        chain_id: column::number(chain_id)?,
        address: address
            .try_into()
            .map_err(|_| Error::Corrupt("registry address"))?,
    };
    let last_seq = column::number(last_seq)?;
    Ok((LogRowId(log), FormerRegistry { last_seq, registry }))
}

/// The registries of before, as the mac of today's is over them.
pub(crate) fn beside(former: &[(LogRowId, FormerRegistry)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (log, former) in former {
        bytes.extend(log.0.to_be_bytes());
        bytes.extend(former.last_seq.to_be_bytes());
        bytes.extend(former.registry.chain_id.to_be_bytes());
        bytes.extend(former.registry.address);
    }
    bytes
}

impl<A: Access> Registries<'_, A> {
    /// All of them, with what shows them.
    pub fn find(&mut self) -> Result<RegistrySet, Error> {
        // Rows and mac in one statement: the logs may be moved at any moment.
        let query = meta::table
            .left_join(former_registry::table.on(meta::name.eq(REGISTRY)))
            .filter(meta::name.eq(REGISTRY))
            .order((former_registry::log_id, former_registry::last_seq))
            .select((
                meta::value,
                meta::mac,
                former_registry::all_columns.nullable(),
            ));
        let rows: Vec<Joined> = self.access.query(|conn| query.load(conn))?;
        let Some((value, mac, _)) = rows.first().cloned() else {
            return self.without_one();
        };
        let keys = self.access.leaf_keys();
        let former = rows.into_iter().filter_map(|(.., former)| former);
        let former: Result<Vec<_>, _> = former.map(read).collect();
        let set = |now, former, by| RegistrySet { now, former, by };
        Ok(match (value.parse(), former) {
            (Ok(now), Ok(former)) => {
                let row = MetaRow {
                    name: REGISTRY,
                    value: &value,
                    beside: &beside(&former),
                };
                let by = keys.of_meta(&row, mac.as_deref());
                set(Some(now), former, by)
            }
            // Of what has not the form of a registry no mac holds.
            (now, former) => set(now.ok(), former.unwrap_or_default(), KeysShown::Wrong),
        })
    }

    /// Without one of today there can be none of before.
    fn without_one(&mut self) -> Result<RegistrySet, Error> {
        let query = former_registry::table.count();
        let former: i64 = self.access.query(|conn| query.get_result(conn))?;
        Ok(RegistrySet {
            by: match former {
                0 => KeysShown::Newest,
                _ => KeysShown::Wrong,
            },
            ..RegistrySet::NONE
        })
    }
}

impl Registries<'_, Tx> {
    /// Notes the first one; `Taken` when there is one.
    pub fn insert(&mut self, registry: Registry) -> Result<(), Error> {
        self.find()?.shown()?;
        let mut meta = self.access.meta();
        meta.insert(REGISTRY, &registry.to_string())?;
        self.show(registry)
    }

    /// Puts another in its place. `left` names each log that was anchored at the one of
    /// before, with its last anchor there. `Taken` when that is not `from`.
    pub fn replace(
        &mut self,
        from: Registry,
        to: Registry,
        left: &[(LogRowId, u64)],
    ) -> Result<(), Error> {
        if self.find()?.shown()?.now != Some(from) {
            return Err(Error::Taken(Taken::Registry));
        }
        for (log, last_seq) in left {
            let row = (
                former_registry::log_id.eq(log.0),
                former_registry::last_seq.eq(column::number::<_, i64>(*last_seq)?),
                former_registry::chain_id.eq(column::number::<_, i64>(from.chain_id)?),
                former_registry::address.eq(from.address.to_vec()),
            );
            let insert = diesel::insert_into(former_registry::table).values(row);
            self.access.write(|conn| insert.execute(conn))?;
        }
        self.show(to)
    }

    /// Shows by the newest leaf key that these are this installation's; `Taken` when others
    /// stand there by now. Whoever calls this has compared them.
    pub fn adopt(&mut self, seen: &RegistrySet) -> Result<(), Error> {
        let found = self.find()?;
        if (found.now, &found.former) != (seen.now, &seen.former) {
            return Err(Error::Taken(Taken::Registry));
        }
        self.show(seen.now.ok_or(Error::Corrupt("registry"))?)
    }

    /// Writes the one of today, with the mac over all.
    fn show(&mut self, now: Registry) -> Result<(), Error> {
        let former = self.find()?.former;
        let value = now.to_string();
        let row = MetaRow {
            name: REGISTRY,
            value: &value,
            beside: &beside(&former),
        };
        let mac = self.access.leaf_keys.newest()?.meta_mac(&row);
        let row = meta::table.filter(meta::name.eq(REGISTRY));
        let shown = diesel::update(row).set((meta::value.eq(&value), meta::mac.eq(mac.as_slice())));
        self.access.write(|conn| shown.execute(conn)).map(drop)
    }
}
