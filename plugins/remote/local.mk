# plugins/remote: see the top of Makefile.am
