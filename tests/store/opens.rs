//! tabmap's own way to what a tenant of the emulator has.

use tabmap::store::snowflake::connection::Connection;
use tabmap::store::snowflake::{Session, SessionOptions, SnowflakeStore, TableNames};
use test_support::emulator::Tenant;

pub trait Opens {
    /// The connection `test`, with `more` of its keys set or replaced.
    fn connection(&self, more: &[(&str, &str)]) -> Connection;
    fn session(&self, options: SessionOptions) -> Session;
    fn tables(&self) -> TableNames;
    fn store(&self) -> SnowflakeStore;
}

impl Opens for Tenant {
    fn connection(&self, more: &[(&str, &str)]) -> Connection {
        let variables = self.environment(more);
        Connection::find(Some("test"), &|name| variables.get(name).cloned())
            .expect("a connection to the emulator")
    }

    fn session(&self, options: SessionOptions) -> Session {
        Session::new(&self.connection(&[]), options).unwrap()
    }

    fn tables(&self) -> TableNames {
        TableNames { database: self.database.clone(), ..TableNames::default() }
    }

    fn store(&self) -> SnowflakeStore {
        SnowflakeStore::new(self.connection(&[]), self.tables(), SessionOptions::default())
    }
}
