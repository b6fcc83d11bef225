# plugins/cli: see the top of Makefile.am
