"""Chapter 02: experiments and claims."""
