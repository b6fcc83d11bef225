# tests/chaos: see the top of Makefile.am
