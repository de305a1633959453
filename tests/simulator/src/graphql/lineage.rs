//! Who reads what: sheets, data sources, tables, columns and fields, made up on the spot from the workbooks and data sources
//! that are there.
//!
//! A workbook has a data source of its own, which custom SQL makes of one table. It also reads the first published data
//! source of its project, where there is one. A published data source reads one table. Each table has one column, each data
//! source one field that is the column, and one that is calculated from it.

use std::collections::HashMap;
use std::sync::Arc;

use super::View;
use super::below::WorkbookView;
use super::types::Resource;
use crate::index::Row;
use crate::views::below;

/// By the LUID of a project, the published data source that its workbooks read.
pub(super) type Sources = HashMap<String, Resource>;

impl View {
    fn source_of(&self, workbook: &Row) -> Option<Resource> {
        let sources = self.sources.get_or_init(|| {
            let mut sources = Sources::new();
            for row in self.index.datasources.values().filter(|row| !row.luid.is_empty()) {
                let Some(project) = &row.project else { continue };
                let first = sources.entry(project.luid.clone()).or_insert_with(|| Arc::clone(row));
                if row.number < first.number {
                    *first = Arc::clone(row);
                }
            }
            sources
        });
        sources.get(&workbook.project.as_ref()?.luid).cloned()
    }

    fn workbooks(&self) -> Vec<Resource> {
        self.index.workbooks.values().cloned().collect()
    }

    /// The workbooks that read a published data source.
    fn readers_of(&self, published: &Row) -> Vec<Resource> {
        let reads = |workbook: &Resource| {
            self.source_of(workbook).is_some_and(|source| source.metadata_id == published.metadata_id)
        };
        self.workbooks().into_iter().filter(reads).collect()
    }
}

/// The published data sources that a workbook reads.
pub(super) fn upstream(view: &View, workbook: &Resource) -> Vec<Resource> {
    view.source_of(workbook).into_iter().collect()
}

/// The data sources in a workbook: its own, and one for each published one that it reads.
pub(super) fn embedded(view: &View, workbook: &Resource) -> Vec<Embedded> {
    let own = Embedded { workbook: Arc::clone(workbook), published: None };
    let others = upstream(view, workbook).into_iter();
    let others =
        others.map(|published| Embedded { workbook: Arc::clone(workbook), published: Some(published) });
    [own].into_iter().chain(others).collect()
}

/// A data source in a workbook.
#[derive(Clone)]
pub(super) struct Embedded {
    pub(super) workbook: Resource,
    /// The published one that it stands for.
    pub(super) published: Option<Resource>,
}

impl Embedded {
    pub(super) fn id(&self) -> String {
        below(&self.workbook.metadata_id, if self.published.is_none() { "ed" } else { "ec" })
    }

    pub(super) fn name(&self) -> String {
        let own = || format!("{} (data)", self.workbook.name);
        self.published.as_ref().map_or_else(own, |published| published.name.clone())
    }
}

/// A data source of either type.
#[derive(Clone)]
pub(super) enum Source {
    Published(Resource),
    Embedded(Embedded),
}

impl Source {
    pub(super) fn id(&self) -> String {
        match self {
            Self::Published(row) => row.metadata_id.clone(),
            Self::Embedded(embedded) => embedded.id(),
        }
    }

    pub(super) fn table(&self) -> Table {
        Table(Arc::clone(match self {
            Self::Published(row) => row,
            Self::Embedded(Embedded { workbook, published }) => published.as_ref().unwrap_or(workbook),
        }))
    }

    /// The columns that its fields are.
    pub(super) fn columns(&self) -> Vec<Column> {
        let column = Column(AnyTable::Database(self.table()));
        match self {
            Self::Embedded(Embedded { workbook, published: None }) => {
                vec![Column(AnyTable::Custom(CustomSql(Arc::clone(workbook)))), column]
            }
            _ => vec![column],
        }
    }

    pub(super) fn fields(&self) -> Vec<SourceField> {
        [false, true]
            .into_iter()
            .map(|is_calculated| SourceField { of: self.clone(), is_calculated })
            .collect()
    }

    /// The published data sources above it.
    pub(super) fn above(&self) -> Vec<Resource> {
        match self {
            Self::Published(_) => Vec::new(),
            Self::Embedded(embedded) => embedded.published.iter().cloned().collect(),
        }
    }

    /// The workbooks below it.
    pub(super) fn workbooks(&self, view: &View) -> Vec<Resource> {
        match self {
            Self::Published(row) => view.readers_of(row),
            Self::Embedded(embedded) => vec![Arc::clone(&embedded.workbook)],
        }
    }
}

/// A table in the warehouse, which this data source, or this workbook's own, is made of.
#[derive(Clone)]
pub(super) struct Table(pub(super) Resource);

/// The custom SQL of a workbook.
#[derive(Clone)]
pub(super) struct CustomSql(pub(super) Resource);

/// A table of either type.
#[derive(Clone)]
pub(super) enum AnyTable {
    Database(Table),
    Custom(CustomSql),
}

impl AnyTable {
    pub(super) fn row(&self) -> &Resource {
        match self {
            Self::Database(Table(row)) | Self::Custom(CustomSql(row)) => row,
        }
    }

    pub(super) fn id(&self) -> String {
        below(&self.row().metadata_id, if matches!(self, Self::Database(_)) { "7a" } else { "c5" })
    }

    /// The data sources that are made of it at once.
    pub(super) fn sources(&self, view: &View) -> Vec<Source> {
        match self {
            Self::Database(Table(row)) if row.kind == crate::world::Kind::Datasource => {
                let readers = view.readers_of(row).into_iter().map(|workbook| {
                    Source::Embedded(Embedded { workbook, published: Some(Arc::clone(row)) })
                });
                [Source::Published(Arc::clone(row))].into_iter().chain(readers).collect()
            }
            Self::Database(_) => Vec::new(),
            Self::Custom(CustomSql(row)) => {
                vec![Source::Embedded(Embedded { workbook: Arc::clone(row), published: None })]
            }
        }
    }

    /// The published data sources among what is below it.
    pub(super) fn published(&self, view: &View) -> Vec<Resource> {
        let published = |source| match source {
            Source::Published(row) => Some(row),
            Source::Embedded(_) => None,
        };
        self.sources(view).into_iter().filter_map(published).collect()
    }

    /// The workbooks below it.
    pub(super) fn workbooks(&self, view: &View) -> Vec<Resource> {
        let row = self.row();
        match row.kind {
            crate::world::Kind::Datasource => view.readers_of(row),
            crate::world::Kind::Workbook => vec![Arc::clone(row)],
        }
    }
}

/// The column of a table.
#[derive(Clone)]
pub(super) struct Column(pub(super) AnyTable);

impl Column {
    pub(super) fn id(&self) -> String {
        below(&self.0.id(), if matches!(self.0, AnyTable::Database(_)) { "c0" } else { "c1" })
    }

    /// The fields that are this column.
    pub(super) fn fields(&self, view: &View) -> Vec<SourceField> {
        let sources = self.0.sources(view).into_iter();
        sources.map(|of| SourceField { of, is_calculated: false }).collect()
    }
}

/// A field of a data source.
#[derive(Clone)]
pub(super) struct SourceField {
    pub(super) of: Source,
    pub(super) is_calculated: bool,
}

impl SourceField {
    pub(super) fn id(&self) -> String {
        let is_copy = matches!(&self.of, Source::Embedded(Embedded { published: Some(_), .. }));
        let tag = match (is_copy, self.is_calculated) {
            (false, false) => "f0",
            (false, true) => "f1",
            (true, false) => "f2",
            (true, true) => "f3",
        };
        below(&self.of.id(), tag)
    }

    pub(super) fn name(&self) -> &'static str {
        if self.is_calculated { "Amount with Tax" } else { "Amount" }
    }

    /// The fields that it is made of.
    pub(super) fn above(&self) -> Vec<Self> {
        if self.is_calculated {
            return vec![Self { is_calculated: false, ..self.clone() }];
        }
        let above = self.of.above().into_iter();
        above.map(|row| Self { of: Source::Published(row), is_calculated: false }).collect()
    }
}

pub(super) fn sheets(workbooks: &[Resource]) -> Vec<WorkbookView> {
    workbooks.iter().map(WorkbookView::sheet).collect()
}

pub(super) fn dashboards(workbooks: &[Resource]) -> Vec<WorkbookView> {
    workbooks.iter().map(WorkbookView::dashboard).collect()
}

/// All that there is of each type.
pub(super) mod all {
    use super::{AnyTable, Column, CustomSql, Embedded, Source, SourceField, Table, View, WorkbookView};

    pub(in crate::graphql) fn sheets(view: &View) -> Vec<WorkbookView> {
        super::sheets(&view.workbooks())
    }

    pub(in crate::graphql) fn dashboards(view: &View) -> Vec<WorkbookView> {
        super::dashboards(&view.workbooks())
    }

    pub(in crate::graphql) fn embedded(view: &View) -> Vec<Embedded> {
        view.workbooks().iter().flat_map(|workbook| super::embedded(view, workbook)).collect()
    }

    pub(in crate::graphql) fn sources(view: &View) -> Vec<Source> {
        let published = view.index.datasources.values().cloned().map(Source::Published);
        published.chain(embedded(view).into_iter().map(Source::Embedded)).collect()
    }

    pub(in crate::graphql) fn database_tables(view: &View) -> Vec<Table> {
        view.index.datasources.values().chain(view.index.workbooks.values()).cloned().map(Table).collect()
    }

    pub(in crate::graphql) fn custom_sql(view: &View) -> Vec<CustomSql> {
        view.workbooks().into_iter().map(CustomSql).collect()
    }

    pub(in crate::graphql) fn tables(view: &View) -> Vec<AnyTable> {
        let tables = database_tables(view).into_iter().map(AnyTable::Database);
        tables.chain(custom_sql(view).into_iter().map(AnyTable::Custom)).collect()
    }

    pub(in crate::graphql) fn columns(view: &View) -> Vec<Column> {
        tables(view).into_iter().map(Column).collect()
    }

    pub(in crate::graphql) fn fields(view: &View) -> Vec<SourceField> {
        sources(view).iter().flat_map(Source::fields).collect()
    }
}
