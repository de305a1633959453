//! Trouble on Tableau's side, and what becomes of the map.
