# tests/api: see the top of Makefile.am
