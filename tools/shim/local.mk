# tools/shim: see the top of Makefile.am
