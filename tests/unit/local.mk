# tests/unit: see the top of Makefile.am
