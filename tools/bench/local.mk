# tools/bench: see the top of Makefile.am
