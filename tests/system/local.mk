# tests/system: see the top of Makefile.am
