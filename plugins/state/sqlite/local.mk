# plugins/state/sqlite: see the top of Makefile.am
