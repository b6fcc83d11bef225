# tests/plugin: see the top of Makefile.am
