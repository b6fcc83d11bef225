# tests/fuzz: see the top of Makefile.am
