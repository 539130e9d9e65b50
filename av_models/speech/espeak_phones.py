"""From espeak-ng's own phoneme names to ARPAbet, and back for phones that the author gives.

espeak's American English has finer vowels than ARPAbet ('0' and 'O2' are both AA) and rhotic vowels in one piece
('A@' is AA R), which `times.split_stretch` splits in time.
"""

from __future__ import annotations

from collections.abc import Sequence

from .arpabet import bare, table

__all__ = ["espeak_mnemonics", "from_mnemonic", "is_lengthening", "is_silence", "to_ipa"]


# Written as "mnemonic=ARPAbet ARPAbet"; 'v' stands where the stress digit goes.
_MNEMONICS = table(
    "@=AHv|@2=AHv|@-=AHv|@5=UHv|a#=AHv|V=AHv|3=ERv|3:=ERv|a=AEv|aa=AEv|A:=AAv|0=AAv|0#=AAv|O2=AAv|A~=AAv N|"
    "O=AOv|O:=AOv|O~=AOv N|E=EHv|E2=EHv|I=IHv|I2=IHv|I#=IHv|i=IYv|i:=IYv|U=UHv|u=UWv|u:=UWv|oU=OWv|oU#=OWv|o=OWv|"
    "eI=EYv|aI=AYv|aU=AWv|OI=OYv|A@=AAv R|O@=AOv R|o@=AOv R|e@=EHv R|U@=UHv R|i@3=IHv R|i@=IYv AH0|aI3=AYv ER0|"
    "aI@=AYv AH0|@L=AH0 L|n-=AH0 N|m-=AH0 M|r-=R|t#=T|t2=T|d#=D|z#=Z|s#=S|l#=L|l^=L|?=T|x=K|"
    "tS=CH|dZ=JH|D=DH|T=TH|N=NG|S=SH|Z=ZH|h=HH|j=Y|p=P|b=B|t=T|d=D|k=K|g=G|f=F|v=V|s=S|z=Z|m=M|n=N|l=L|r=R|w=W|"
    "w#=W|C=HH|Q=G"
)
_GIVEN = table(
    "AA=A:|AE=a|AH0=@|AH=V|AO=O:|AW=aU|AY=aI|EH=E|ER0=3|ER=3:|EY=eI|IH=I|IY0=i|IY=i:|OW=oU|OY=OI|UH=U|UW=u:|"
    "CH=tS|JH=dZ|DH=D|TH=T|NG=N|SH=S|ZH=Z|HH=h|Y=j"
)
_SPOKEN_IPA = table(
    "AA=ɑː|AE=æ|AH0=ə|AH=ʌ|AO=ɔː|AW=aʊ|AY=aɪ|EH=ɛ|ER0=ɚ|ER=ɜː|EY=eɪ|IH=ɪ|IY=iː|OW=oʊ|OY=ɔɪ|UH=ʊ|UW=uː|"
    "CH=tʃ|JH=dʒ|DH=ð|TH=θ|NG=ŋ|SH=ʃ|ZH=ʒ|HH=h|Y=j|R=ɹ|G=ɡ"
)


def is_silence(mnemonic: str) -> bool:
    return mnemonic.startswith("_") or not mnemonic


def is_lengthening(mnemonic: str) -> bool:
    """A mark that only prolongs or softens what came before it."""
    return mnemonic in {":", ";", "'", ","}


def from_mnemonic(mnemonic: str) -> tuple[str, ...]:
    """ "'oU" -> ('OW1',). An unknown name is read by its longest known beginning; () if there is none."""
    stress = {"'": "1", ",": "2"}.get(mnemonic[:1], "0")
    name = mnemonic.lstrip("',%=|")
    while name and name not in _MNEMONICS:
        name = name[:-1]
    return tuple(_MNEMONICS.get(name, "").replace("v", stress).split())


def espeak_mnemonics(phones: Sequence[str]) -> str:
    """ARPAbet -> what stands between [[ and ]]: AH0 B AW1 T -> @b'aUt."""
    written = []
    for phone in phones:
        sound = _GIVEN.get(phone) or _GIVEN.get(bare(phone)) or phone.lower()
        written.append({"1": "'", "2": ","}.get(phone[-1:], "") + sound)
    return "".join(written)


def to_ipa(phones: Sequence[str]) -> str:
    """ARPAbet -> the IPA that espeak writes for American English."""
    written = []
    for phone in phones:
        sound = _SPOKEN_IPA.get(phone) or _SPOKEN_IPA.get(bare(phone)) or phone.lower()
        written.append({"1": "ˈ", "2": "ˌ"}.get(phone[-1:], "") + sound)
    return "".join(written)
